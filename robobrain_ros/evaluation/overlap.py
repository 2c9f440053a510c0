"""How much two boxes are the same."""

Box = tuple[float, float, float, float]
"""(u_min, v_min, u_max, v_max) in pixels, or in any other unit that both boxes share."""
"""(u_min, v_min, u_max, v_max) in pixels, or in any other unit that both boxes share."""
"""(u_min, v_min, u_max, v_max) in pixels, or in any other unit that both boxes share."""


def iou(a: Box, b: Box | None) -> float:
    """Return intersection over union of two boxes (u_min, v_min, u_max, v_max); 0 without the second, or any area."""
    if b is None:
        return 0.0
    both = max(min(a[2], b[2]) - max(a[0], b[0]), 0.0) * max(min(a[3], b[3]) - max(a[1], b[1]), 0.0)
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both
    return both / union if union > 0 else 0.0
