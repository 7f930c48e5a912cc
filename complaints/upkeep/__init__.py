"""Upkeep: what is done at stations again and again, their files, and what their readings warn of."""
