"""Reports: SELECT only, and frozen values for the table, the JSON and the page."""
