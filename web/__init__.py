"""The doors: public pages for members, office pages for staff."""
