"""The words that samples are made of. All of it is invented; a person is any first name with any last name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Final

# Letters beyond ASCII are among them on purpose: a report must show them, and a spreadsheet must sort them.
_FIRST_NAMES: Final = """
    Abena Adaeze Agnes Ahmed Aiko Alejandra Amara Amina Anders Aneta Anika Arjun Astrid Aylin Bartosz Beatriz Benjamin
    Bianca Bilal Bruno Camille Carlos Carmen Chiara Chloé Clara Cristina Dagny Daniel Daria Dimitra Diego Ebru Edith
    Elena Elias Emeka Emily Erik Esther Eva Fatima Felix Fiona Francesca Gabriel Giulia Grace Greta Gustavo Hana Hannah
    Hassan Helena Hugo Ibrahim Ines Ingrid Irina Isabel Ivan Jakub Jan Jasmin João Jorge José Joyce Julia Kamala Karim
    Karolina Katarzyna Kenji Kofi Lars Laura Leila Lena Leo Linh Lucía Łukasz Magda Mai Malik Marco Margaret Maria Marta
    Mateo Matthew Maya Mei Mette Michał Miguel Mina Mira Mohamed Nadia Naomi Natalia Nia Nikolai Nina Noah Noor Olga
    Oliver Omar Oscar Øyvind Patricia Paula Pedro Petra Priya Rachel Rafael Ravi Rosa Ruth Sakura Samuel Sana Sara Sean
    Selma Simon Sofia Søren Stefan Suresh Susan Svetlana Tariq Tereza Thandi Thomas Tomás Ulrike Valentina Vera Victor
    Wanda Wei Yara Yasmin Yuki Yusuf Zainab Zoë
"""
_LAST_NAMES: Final = """
    Abiola Achterberg Adeyemi Aguilar Almeida Andersen Ångström Araújo Arnaud Bakker Banerjee Barnes Baumann Becker
    Bergström Bianchi Blanchard Bondarenko Brennan Brown Castillo Chandra Chen Cohen Conti Costa Cruz Dahl Danso Delgado
    Demir Dubois Duarte Eriksen Esposito Evans Farah Fernández Ferreira Fischer Fleming Fontaine Foster Fraser Fujita
    Gallagher García Gauthier Georgiou Ghosh Gómez Grabowski Graham Greco Haddad Hakimi Hansen Harris Hassan Hernández
    Herrera Hoffmann Horák Hughes Hussein Ibarra Ivanova Iyer Jabłoński Jackson Jansen Jensen Jiménez Johansson Jones
    Kaminski Kapoor Karlsson Katz Kaya Keller Khan Kim Kimura Kovač Kowalski Kristensen Kumar Larsen Laurent Lee Lehmann
    Lindqvist López Lund Mahmoud Marino Marković Martin Mensah Meyer Mitchell Mohamud Molina Moreau Morris Mukherjee
    Murphy Müller Nakamura Navarro Nguyen Nielsen Novák Nowak Núñez O'Brien O'Connor Okafor Okoye Oliveira Olsen Osei
    Park Patel Pereira Pérez Petrov Popescu Quinn Rahman Ramos Reyes Ricci Rojas Romano Rossi Roy Ruiz Sánchez Santos
    Sato Schmidt Schneider Sharma Silva Singh Smit Smith Sørensen Sousa Steiner Suzuki Svoboda Szabó Tanaka Taylor
    Teixeira Thompson Torres Tran Vargas Vasquez Virtanen Vogel Walker Wang Weber Weiss Williams Wójcik Wong Wright
    Yamada Yilmaz Young Zając Zhang Zimmermann
"""
FIRST_NAMES: Final = tuple(_FIRST_NAMES.split())
LAST_NAMES: Final = tuple(_LAST_NAMES.split())
DEPARTMENTS: Final = (
    "Warehouse",
    "Sales",
    "Customer Service",
    "Production",
    "Transport",
    "Purchasing",
    "Quality",
    "Maintenance",
    "Finance",
    "Human Resources",
    "Research",
    "Management",
)
"""Names of groups, the largest departments first."""

COURSES: Final = (
    "Workplace Safety",
    "Data Protection",
    "Fire Safety",
    "Code of Conduct",
    "Preventing Harassment",
    "First Aid",
    "Forklift Operation",
    "Hazardous Substances",
    "Manual Handling",
    "Information Security",
    "Phishing Awareness",
    "Anti-Bribery",
    "Food Hygiene",
    "Working at Height",
    "Display Screen Equipment",
    "Noise and Hearing",
    "Machine Guarding",
    "Lockout and Tagout",
    "Ladder Safety",
    "Personal Protective Equipment",
    "Safe Driving",
    "Customer Complaints",
    "Conflict Resolution",
    "Diversity at Work",
    "Leading a Team",
)
"""Titles of documents; those at the beginning are for everybody."""


def numbered(names: Sequence[str]) -> Iterator[str]:
    """Yield the names, then `NAME 2`, `NAME 3`, ..., without an end."""
    for number in count(1):
        yield from names if number == 1 else (f"{name} {number}" for name in names)
