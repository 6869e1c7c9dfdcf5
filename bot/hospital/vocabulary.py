"""The names by which patients call things: for finding departments, drugs … in what they wrote."""

from collections.abc import Iterable, Mapping

from bot.hospital.model import Department, Doctor, Hospital
from bot.hospital.prices import PackagePrice, Service, TestPrice

_Named = Department | PackagePrice | Service | TestPrice

#: How a doctor is addressed; which of these fits, the doctor's title decides only loosely.
_ADDRESSES_ZH = ("医生", "大夫", "主任", "教授")
_ADDRESSES_EN = ("Dr", "Dr.")
#: Family names of two characters.
_DOUBLE = ("欧阳", "上官", "司马", "诸葛", "司徒", "夏侯", "皇甫", "尉迟", "公孙", "令狐")


def vocabulary(hospital: Hospital) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Return, by kind, the keys that look-ups know and the names each goes by, in both languages.

    Kinds are department, doctor, drug, test, package, service, symptom. Two keys may share a name
    ("李主任"): both are meant until something else tells them apart. A drug's key is its generic
    name, as all its packs are asked for together; a symptom's key is the symptom.
    """
    drugs: dict[str, list[str]] = {}
    for drug in hospital.drugs:
        names = drugs.setdefault(drug.generic, [drug.generic, drug.generic_en])
        names += [drug.name, drug.name_en, *drug.aliases]
    symptoms: dict[str, list[str]] = {}
    for symptom in hospital.symptoms:
        names = symptoms.setdefault(symptom.symptom, [symptom.symptom, symptom.symptom_en])
        names += symptom.aliases
    doctors = {
        doctor.code: [doctor.name, doctor.name_en, *doctor.aliases, *_addresses(doctor)]
        for doctor in hospital.doctors
    }
    plain: Mapping[str, tuple[_Named, ...]] = {
        "department": hospital.departments,
        "test": hospital.tests,
        "package": hospital.packages,
        "service": hospital.services,
    }
    found = {
        kind: {item.code: [item.name, item.name_en, *item.aliases] for item in items}
        for kind, items in plain.items()
    }
    found |= {"doctor": doctors, "drug": drugs, "symptom": symptoms}
    return {
        kind: {key: _once(names) for key, names in entries.items()}
        for kind, entries in found.items()
    }


def _addresses(doctor: Doctor) -> list[str]:
    """Return how a doctor is spoken of by family name; it stands first in English too."""
    family = doctor.name[:2] if doctor.name.startswith(_DOUBLE) else doctor.name[:1]
    family_en = doctor.name_en.split()[0]
    return [f"{family}{word}" for word in _ADDRESSES_ZH] + [
        f"{word} {name}" for word in _ADDRESSES_EN for name in (family_en, doctor.name_en)
    ]


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name))
