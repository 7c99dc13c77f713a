"""How answers reach Pli: doors take mails in, and each mail is then worked once."""
