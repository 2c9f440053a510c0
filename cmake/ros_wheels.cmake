# Given as -DCMAKE_PROJECT_INCLUDE=<this file> when building against the ROS 2 wheels of PyPI, never on a ROS host.
#
# The targets that the wheels export name files of the machine that they were built on (its numpy headers, its
# libtinyxml2.so ...). CMake stops over include directories, and make over libraries, that do not exist: drop those.
function(drop_missing_paths_of_imported_targets)
  get_property(_targets DIRECTORY PROPERTY IMPORTED_TARGETS)
  foreach(_target IN LISTS _targets)
    foreach(_property INTERFACE_INCLUDE_DIRECTORIES INTERFACE_LINK_LIBRARIES)
      get_target_property(_values ${_target} ${_property})
      if(_values)
        set(_present "")
        foreach(_value IN LISTS _values)
          if(NOT IS_ABSOLUTE "${_value}" OR EXISTS "${_value}")
            list(APPEND _present "${_value}")
          endif()
        endforeach()
        set_property(TARGET ${_target} PROPERTY ${_property} "${_present}")
      endif()
    endforeach()
  endforeach()
endfunction()
cmake_language(DEFER CALL drop_missing_paths_of_imported_targets)  # once all find_package() calls are through
