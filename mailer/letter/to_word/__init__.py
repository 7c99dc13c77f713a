"""Makes a .docx of an .odt or an .rtf, once all that leads out of the document is gone."""
