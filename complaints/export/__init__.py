"""Exports of a case: one page to read or print, and a bundle anyone can check without us."""

from complaints.export.bundle import bundle as bundle
from complaints.export.dossier import Dossier as Dossier, gather as gather
from complaints.export.page import page as page
