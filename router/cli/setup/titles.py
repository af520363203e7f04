"""Names of what a first centre has, in the four languages: what people see on their screens from the first minute."""

from collections.abc import Iterable

_IN: tuple[str, ...] = ("fr", "nl", "de", "en")

SKILLS = {
    "fr": ("Français", "Frans", "Französisch", "French"),
    "nl": ("Néerlandais", "Nederlands", "Niederländisch", "Dutch"),
    "de": ("Allemand", "Duits", "Deutsch", "German"),
    "en": ("Anglais", "Engels", "Englisch", "English"),
}

LINES = {
    "first-line": ("Première ligne", "Eerste lijn", "Erste Linie", "First line"),
    "specialists": ("Spécialistes", "Specialisten", "Fachleute", "Specialists"),
}

CATEGORIES = {
    "question": ("Question", "Vraag", "Frage", "Question"),
    "request": ("Demande", "Aanvraag", "Antrag", "Request"),
    "follow_up": ("Suivi d'un dossier", "Opvolging van een dossier", "Nachfrage zu einem Vorgang", "Follow-up"),
    "complaint": ("Plainte", "Klacht", "Beschwerde", "Complaint"),
    "incident": ("Incident", "Incident", "Störung", "Incident"),
    "other": ("Autre", "Andere", "Sonstiges", "Other"),
}

CODES = {
    "disposition": {
        "solved": ("Résolu", "Opgelost", "Gelöst", "Solved"),
        "information_given": ("Information donnée", "Informatie gegeven", "Auskunft erteilt", "Information given"),
        "referred": ("Orienté ailleurs", "Doorverwezen", "Weiterverwiesen", "Referred elsewhere"),
        "no_reply": ("Sans réponse du client", "Geen antwoord van de klant", "Keine Antwort", "No reply"),
        "duplicate": ("Doublon", "Dubbel", "Doppelt", "Duplicate"),
        "spam": ("Indésirable", "Ongewenst", "Unerwünscht", "Spam"),
    },
    "not_ready": {
        "pause": ("Pause", "Pauze", "Pause", "Break"),
        "lunch": ("Repas", "Lunch", "Mittagspause", "Lunch"),
        "meeting": ("Réunion", "Vergadering", "Besprechung", "Meeting"),
        "training": ("Formation", "Opleiding", "Schulung", "Training"),
        "back_office": ("Travail de dossier", "Dossierwerk", "Sachbearbeitung", "Back office"),
        "technical": ("Problème technique", "Technisch probleem", "Technische Störung", "Technical problem"),
        "no_answer": ("Pas de réponse de l'agent", "Medewerker antwoordde niet", "Keine Reaktion", "Did not answer"),
    },
    "escalation": {
        "expertise": ("Expertise nécessaire", "Expertise nodig", "Fachwissen nötig", "Needs expertise"),
        "file_access": ("Accès au dossier", "Toegang tot het dossier", "Akteneinsicht nötig", "Needs the file"),
        "complaint": ("Plainte à examiner", "Klacht te onderzoeken", "Beschwerde zu prüfen", "Complaint to examine"),
        "customer_request": (
            "Sur demande",
            "Op verzoek",
            "Auf Wunsch",
            "Asked for by the customer",
        ),
    },
    "decline": {
        "language": ("Langue insuffisante", "Onvoldoende taalkennis", "Sprache reicht nicht", "Language"),
        "conflict": ("Conflit d'intérêts", "Belangenconflict", "Interessenkonflikt", "Conflict of interest"),
        "occupied": ("Déjà occupé", "Al bezig", "Bereits beschäftigt", "Already busy"),
        "technical": ("Problème technique", "Technisch probleem", "Technische Störung", "Technical problem"),
    },
}


def names(title: tuple[str, str, str, str], languages: Iterable[str]) -> dict[str, str]:
    """A title in these languages, as a centre file writes it."""
    return {language: title[_IN.index(language)] for language in languages}
