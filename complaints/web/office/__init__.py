"""The office's pages: incidents, refunds, work orders, knowledge, audit, reports, settings, the hotline's form."""
