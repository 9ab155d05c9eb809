"""Finds alike documents with TF-IDF and says why they are alike. No Django in here."""
