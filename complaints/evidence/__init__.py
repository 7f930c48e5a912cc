"""Evidence: gather the story of a complaint, have it judged, and freeze both with a checksum."""

from complaints.evidence.freeze import Judge as Judge, Judged as Judged, judge_now as judge_now, on_record as on_record
from complaints.evidence.gather import gather as gather
from complaints.evidence.keep import (
    Assessment as Assessment,
    as_json as as_json,
    frame as frame,
    frames as frames,
    frozen as frozen,
    frozen_bytes as frozen_bytes,
    keep as keep,
    newest as newest,
    versions as versions,
)
from complaints.evidence.shape import (
    differences as differences,
    judgement_json as judgement_json,
    money as money,
    remote_json as remote_json,
)
