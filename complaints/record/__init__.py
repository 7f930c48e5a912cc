"""On record: nobody can change what was said, everybody can check it, and who looked is known too."""

from complaints.record.heads import Broken, make_head, verify_all
from complaints.record.masks import masked, sees_all

__all__ = ["Broken", "make_head", "masked", "sees_all", "verify_all"]
