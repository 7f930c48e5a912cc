"""The office's pages: incidents, refunds, orders, upkeep, knowledge, audit, reports, settings, the hotline's form."""
