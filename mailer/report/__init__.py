"""Reads what tables, JSON and pages show, by SELECT only, into frozen values."""
