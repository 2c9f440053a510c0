"""From pixels to metres: camera models, depth, letterboxes."""
