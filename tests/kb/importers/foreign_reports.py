"""Reports of incidents in other languages than English."""

from __future__ import annotations

GERMAN = """# Suche ausgefallen

Datum: 05.03.2026
Beginn: 11:04 Uhr
Ende: 12:06 Uhr
Schweregrad: Kritisch
Betroffene Dienste: suche

## Ursache
Die Platte des Index war voll.

## Was lief schlecht?
- Der Alarm war stumm

## Maßnahmen
| Maßnahme | Verantwortlich | Frist | Status |
|---|---|---|---|
| Protokolle drehen | anna | 01.04.2026 | erledigt |
"""

FRENCH = """# Recherche en panne

Date : 5 mars 2026
Heure de début : 10h04 UTC
Heure de fin : 11h06 UTC
Gravité : Critique

## Cause racine
Le disque de l'index était plein.

## Facteurs aggravants
- L'alerte était muette

## Actions correctives
- Ajouter un disque
"""

SPANISH = """# Búsqueda caída

Fecha: 5 de marzo de 2026
Inicio: 10:04 UTC
Fin: 11:06 UTC
Severidad: Crítico

## Causa raíz
El disco del índice estaba lleno.

## Acciones correctivas
- Añadir un disco
"""

PORTUGUESE = """# Queda da busca

Data: 5 de março de 2026
Início: 10:04
Fim: 11:06
Severidade: Crítica
Serviços afetados: busca

## Causa raiz

O disco encheu.

## Fatores contribuintes

- Sem alerta

## Itens de ação

- Aumentar o disco
"""

ITALIAN = """# Ricerca ferma

Data: 5 marzo 2026
Inizio: 10:04
Fine: 11:06
Gravità: Alta
Servizi interessati: ricerca

## Causa principale

Il disco era pieno.

## Azioni correttive

- Aggiungere un disco
"""

DUTCH = """# Zoeken stond stil

Datum: 5 maart 2026
Begin: 10:04
Einde: 11:06
Ernst: Hoog

## Oorzaak

De schijf was vol.

## Actiepunten

- Schijf vergroten
"""
