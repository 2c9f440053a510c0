# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The Gazebo world is the table top that MuJoCo shows: read by itself, built again, and photographed."""

import re
from collections.abc import Iterable
from xml.etree import ElementTree

import numpy as np
import pytest
import yaml
from repository import ROOT

from robobrain_ros.sim import sdf
from robobrain_ros.sim.camera_messages import OPTICAL_FRAME, pose_of
from robobrain_ros.sim.scene import TABLE, TableTop, compile_model, photograph

FILE = ROOT / 'worlds' / 'tabletop.sdf'
SEED = 1
"""That of robobrain demo."""
WORLD = ElementTree.parse(FILE).getroot().find('world')
CAMERA = WORLD.find('model/link/sensor')
SHAPES = {
    'box': ('box', lambda shape: numbers(shape.find('size')) / 2),
    'plane': ('plane', lambda shape: np.array([*numbers(shape.find('size')) / 2, 0.1])),
    'sphere': ('sphere', lambda shape: numbers(shape.find('radius'))),
    'cylinder': ('cylinder', lambda shape: round_size(shape)),
    'capsule': ('capsule', lambda shape: round_size(shape)),
}


def numbers(element: ElementTree.Element) -> np.ndarray:
    return np.array(element.text.split(), dtype=float)


def round_size(shape: ElementTree.Element) -> np.ndarray:
    return np.array([*numbers(shape.find('radius')), *numbers(shape.find('length')) / 2])


def text(values: Iterable[float]) -> str:
    return ' '.join(map(repr, map(float, values)))


def place(element: ElementTree.Element) -> str:
    pose = element.find('pose')
    if pose is None:
        return ''
    x, y, z, *xyz, w = numbers(pose)
    return f'pos="{x} {y} {z}" quat="{w} {text(xyz)}"'


def look(visual: ElementTree.Element) -> str:
    return f'rgba="{visual.find("material/diffuse").text}"'


def mesh(uri: str) -> str:
    """A Wavefront file as an asset of MuJoCo; the file's own normals are only counted."""
    lines = [line.split() for line in (FILE.parent / uri).read_text().splitlines()]
    vertices = [values for kind, *values in lines if kind == 'v']
    directions = [values for kind, *values in lines if kind == 'vn']
    corners = [corner.split('//') for kind, *values in lines if kind == 'f' for corner in values]
    assert {kind for kind, *_ in lines} == {'mtllib', 'usemtl', 'v', 'vn', 'f'}
    (library,), (material,) = (next(values for kind, *values in lines if kind == word) for word in ('mtllib', 'usemtl'))
    assert f'newmtl {material}\n' in (FILE.parent / uri).with_name(library).read_text()
    assert max(int(vertex) for vertex, _ in corners) == len(vertices)
    assert max(int(normal) for _, normal in corners) <= len(directions)
    assert np.allclose(np.linalg.norm(np.array(directions, float), axis=1), 1, atol=1e-4)
    faces = ' '.join(str(int(vertex) - 1) for vertex, _ in corners)
    return f'<mesh name="{uri}" inertia="shell" vertex="{" ".join(map(" ".join, vertices))}" face="{faces}"/>'


def lamp(light: ElementTree.Element) -> str:
    strength = numbers(light.find('intensity'))
    return (
        f'<light directional="true" pos="{text(numbers(light.find("pose"))[:3])}"'
        f' dir="{light.find("direction").text}" castshadow="{light.find("cast_shadows").text}"'
        f' diffuse="{text(strength * numbers(light.find("diffuse"))[:3])}" specular="0 0 0"/>'
    )


def rebuilt() -> str:
    """The SDF world as MJCF, camera included: in linear light, as ogre2 has it, which divides ambient light by pi."""
    assets, bodies = [], []
    ambient = text(numbers(WORLD.find('scene/ambient'))[:3] / np.pi)
    for model in WORLD.findall('model'):
        geoms = []
        for visual in model.findall('link/visual'):
            (shape,) = visual.find('geometry')
            if shape.tag == 'mesh':
                uri = shape.find('uri').text
                assets.append(mesh(uri))
                geoms.append(f'<geom type="mesh" mesh="{uri}" {place(visual)} {look(visual)}/>')
            else:
                kind, size = SHAPES[shape.tag]
                geoms.append(f'<geom type="{kind}" size="{text(size(shape))}" {place(visual)} {look(visual)}/>')
        camera = ''
        if (
            model.find('link/sensor') is not None
        ):  # along x, y to the left; MuJoCo's looks along -z, with x to the right
            fov, (width, height) = float(CAMERA.find('camera/horizontal_fov').text), image_size()
            fovy = 2 * np.degrees(np.arctan(np.tan(fov / 2) * height / width))
            camera = f'<camera name="camera" xyaxes="0 -1 0 0 0 1" fovy="{fovy}"/>'
        bodies.append(f'<body name="{model.get("name")}" {place(model)}>{"".join(geoms)}{camera}</body>')
    lamps = ''.join(map(lamp, WORLD.findall('light')))
    return f"""<mujoco><visual><global offwidth="640" offheight="480"/>
        <map znear="0.02" zfar="12" shadowclip="1.2"/><quality shadowsize="1024"/>
        <headlight ambient="{ambient}" diffuse="0 0 0" specular="0 0 0"/></visual>
        <statistic extent="1" center="0 0 0"/><asset>{''.join(assets)}</asset>
        <worldbody>{lamps}{''.join(bodies)}</worldbody></mujoco>"""


def image_size() -> tuple[int, int]:
    return int(CAMERA.find('camera/image/width').text), int(CAMERA.find('camera/image/height').text)


@pytest.fixture(scope='module')
def table() -> TableTop:
    return TableTop(SEED)


def test_the_files_are_what_the_generator_writes(tmp_path):
    sdf.write(SEED, tmp_path / FILE.name)
    made = {path.relative_to(tmp_path): path for path in tmp_path.rglob('*') if path.is_file()}
    kept = {path.relative_to(FILE.parent) for path in FILE.parent.rglob('*') if path.is_file()}
    assert set(made) == kept
    for name, path in made.items():
        assert path.read_text() == (FILE.parent / name).read_text(), f'renew it: {sdf.__doc__.splitlines()[0]}'


def test_worlds_in_one_folder_keep_their_meshes(tmp_path):
    for seed, name in ((SEED, 'one'), (12, 'two & more')):
        sdf.write(seed, tmp_path / f'{name}.sdf')
    worlds = {name: ElementTree.parse(tmp_path / f'{name}.sdf') for name in ('one', 'two & more')}
    for name, tree in worlds.items():
        named = {uri.text for uri in tree.iter('uri')}
        named |= {uri.replace('.obj', '.mtl') for uri in named}
        kept = {path.relative_to(tmp_path).as_posix() for path in (tmp_path / 'meshes' / name).iterdir()}
        assert named == kept != set()


@pytest.fixture(scope='module')
def photo(table) -> tuple[np.ndarray, np.ndarray]:
    """The SDF world's colours, in linear light, and depths."""
    import mujoco

    compile_model(table.layout)  # chooses how to draw
    rgb, depth, _ = photograph(mujoco.MjModel.from_xml_string(rebuilt()), table.view)
    return rgb / 255, depth


def test_it_looks_the_same_to_the_depth_camera(table, photo):
    """Every size and pose at once, of handles and fingers too: two pictures of the same place from the same place."""
    _, found = photo
    _, depth = table.render()
    assert (np.isfinite(found) == np.isfinite(depth)).all()
    # a pixel on an edge may fall on either side of it: sizes are rounded to a micrometre
    same = ~(np.abs(found - depth) > 0.0005)
    assert same.mean() > 0.9999, np.argwhere(~same)[:5]


def test_it_is_as_bright_and_as_colourful(table, photo):
    """Seen in linear light and encoded for the screen, each thing has the mean colour of MuJoCo's picture."""
    encoded = 255 * photo[0] ** (1 / 2.2)
    rgb, _ = table.render()
    truth = table.truth()
    for index, name in [(TABLE, 'table'), *((index, thing.name) for index, thing in enumerate(truth.objects))]:
        where = truth.labels == index
        assert np.abs(encoded[where].mean(axis=0) - rgb[where].mean(axis=0)).max() < 12, name
    lit, shaded = encoded[truth.labels == TABLE].max(axis=1), rgb[truth.labels == TABLE].max(axis=1)
    assert np.percentile(lit, 1) == pytest.approx(np.percentile(shaded, 1), abs=20), 'the shadows'


def test_nothing_but_what_is_on_the_table_casts_a_shadow():
    for model in WORLD.findall('model'):
        shadows = [visual.findtext('cast_shadows', 'true') for visual in model.findall('link/visual')]
        assert set(shadows) <= {'false' if model.get('name') in ('floor', 'wall') else 'true'}


def test_the_clock_is_slow_enough_for_every_node_that_reads_it():
    physics = WORLD.find('physics')
    assert physics.get('type') == 'ignored'
    assert float(physics.find('max_step_size').text) == 0.01
    assert float(CAMERA.find('update_rate').text) <= 100


def test_things_have_their_names_and_colours(table):
    models = {model.get('name'): model for model in WORLD.findall('model')}
    items = {f'{item.colour}_{item.shape}': item for item in table.layout.items}
    assert set(models) == {'floor', 'wall', 'table', 'gripper', 'camera'} | set(items)
    assert len(items) == len(table.layout.items)
    for name, item in items.items():
        for visual in models[name].findall('link/visual'):
            assert numbers(visual.find('material/diffuse')) == pytest.approx([*np.power(item.rgb, 2.2), 1], abs=1e-5)
            assert visual.find('material/ambient').text == visual.find('material/diffuse').text
    for model in models.values():
        assert model.find('static').text == 'true'
        seen, touched = (
            [ElementTree.tostring(part.find('geometry')).strip() for part in model.findall(f'link/{kind}')]
            for kind in ('visual', 'collision')
        )
        assert seen == touched


def test_the_camera_is_the_simulated_one(table):
    view = table.view
    assert CAMERA.get('type') == 'rgbd_camera'
    assert image_size() == (view.width, view.height)
    assert CAMERA.find('camera/optical_frame_id').text == OPTICAL_FRAME
    focal = view.width / 2 / np.tan(float(CAMERA.find('camera/horizontal_fov').text) / 2)
    assert focal == pytest.approx(view.focal, rel=1e-8)
    x, y, z, *turn = map(float, sdf.camera_pose(FILE))
    assert (x, y, z) == pytest.approx(tuple(view.position), abs=1e-8)
    optical = multiplied(turn, (-0.5, 0.5, -0.5, 0.5))  # as launch/gazebo.launch.py publishes it
    expected = pose_of(view).transform.rotation
    expected = np.array([expected.x, expected.y, expected.z, expected.w])
    assert abs(optical @ expected) / np.linalg.norm(optical) == pytest.approx(1, abs=1e-12)


def multiplied(a: list[float], b: tuple[float, ...]) -> np.ndarray:
    """Two rotations, one after the other, as quaternions x y z w."""
    u, v, s, t = np.array(a[:3]), np.array(b[:3]), a[3], b[3]
    return np.array([*(s * v + t * u + np.cross(u, v)), s * t - u @ v])


def test_gazebo_gets_what_draws_and_lights_the_scene():
    plugins = {plugin.get('filename'): plugin for plugin in WORLD.findall('plugin')}
    assert all(re.fullmatch(r'gz::sim::systems::\w+', plugin.get('name')) for plugin in plugins.values())
    assert plugins['gz-sim-sensors-system'].find('render_engine').text == 'ogre2'
    assert [light.get('name') for light in WORLD.findall('light')] == ['headlight', 'light1', 'light0']
    for light in WORLD.findall('light'):
        assert numbers(light.find('direction'))[2] < 0, 'it shines down'
        assert numbers(light.find('diffuse')).max() == 1, 'Gazebo cuts what is more'


def test_the_bridge_carries_the_cameras_topics():
    entries = yaml.safe_load((ROOT / 'config' / 'gz_bridge.yaml').read_text())
    below = CAMERA.find('topic').text
    assert {(entry['gz_topic_name'], entry['ros_topic_name']) for entry in entries} == {
        (f'{below}/image', 'image'),  # what an rgbd_camera publishes below its topic (gz-sensors 8)
        (f'{below}/depth_image', 'depth/image'),
        (f'{below}/camera_info', 'camera_info'),
        ('/clock', '/clock'),
    }
    types = {
        'sensor_msgs/msg/Image': 'gz.msgs.Image',
        'sensor_msgs/msg/CameraInfo': 'gz.msgs.CameraInfo',
        'rosgraph_msgs/msg/Clock': 'gz.msgs.Clock',
    }
    for entry in entries:
        assert entry['direction'] == 'GZ_TO_ROS'
        assert types[entry['ros_type_name']] == entry['gz_type_name']
        # Images cost nothing while nobody looks; the clock is there before anybody asks what time it is.
        assert entry.get('lazy', False) is (entry['ros_topic_name'] != '/clock')


@pytest.mark.parametrize(
    ('content', 'says'),
    [
        ('no XML', 'is no SDF world'),
        ('<sdf><world name="w"><model name="camera"/></world></sdf>', "has no model 'camera'"),
        ('<sdf><world name="w"><model name="camera"><pose>1 2 3</pose></model></world></sdf>', "has no model 'camera'"),
    ],
)
def test_other_worlds_have_no_camera_pose(tmp_path, content, says):
    file = tmp_path / 'other.sdf'
    file.write_text(content)
    with pytest.raises(ValueError, match=says):
        sdf.camera_pose(file)
    with pytest.raises(ValueError, match='is no SDF world'):
        sdf.camera_pose(tmp_path / 'missing.sdf')
