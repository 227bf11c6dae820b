"""The matrix: every case, in the order of its groups."""

from __future__ import annotations

from faults import cases_calls, cases_create, cases_download, cases_multipart, cases_run, cases_upload
from faults.case import Case

MODULES = (cases_create, cases_calls, cases_upload, cases_multipart, cases_download, cases_run)
CASES: tuple[Case, ...] = tuple(case for module in MODULES for case in module.cases())
GROUPS = tuple(dict.fromkeys(case.act.group for case in CASES))
