"""Reports: what the cases of a time say together. Plain data; pages and REST only draw it."""

from complaints.reports.figures import AXES, Figures, figures_json
from complaints.reports.fleet import Brand, Standout, brand_json
from complaints.reports.forecast import Forecast, Week
from complaints.reports.measures import Improvement
from complaints.reports.reports import Reports

__all__ = [
    "AXES", "Brand", "Figures", "Forecast", "Improvement", "Reports", "Standout", "Week", "brand_json", "figures_json",
]
