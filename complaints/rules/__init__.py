"""Findings: one small pure rule a situation, grouped by topic."""
