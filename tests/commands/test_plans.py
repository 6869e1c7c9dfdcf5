"""`daoyi import prescriptions|discharges|checkups|bills` on the command line."""

from pathlib import Path

from tests.api.test_plan_files import ANNA, CHECKUPS, FILES
from tests.commands.conftest import Shop


def test_a_file_is_tried_taken_and_taken_again(shop: Shop, tmp_path: Path) -> None:
    file = tmp_path / "checkups.csv"
    file.write_text(CHECKUPS, "utf-8")
    for flags, new, same in (("--dry-run",), 2, 0), ((), 2, 0), ((), 0, 2):
        told = shop.inside("import", "checkups", str(file), "--json", *flags).json
        assert (told["dry_run"], told["new"], told["same"]) == (bool(flags), new, same)
    said = shop.inside("import", "checkups", str(file))
    assert said.out.strip() == "2 rows: 0 plans new, 0 changed, 2 the same, 0 ended"


def test_a_wrong_file_is_refused_without_a_word_of_it(shop: Shop, tmp_path: Path) -> None:
    for kind, text in FILES.items():
        file = tmp_path / f"{kind}.csv"
        file.write_text(text.replace(ANNA, ANNA[:-1] + "Y"), "utf-8")
        refused = shop.inside("import", kind, str(file))
        refused.refuses(f"{kind}.csv row 2, document: is no number of that kind")
        assert "王芳" not in refused.out
    shop.inside("import", "bills", str(tmp_path / "none.csv")).refuses("cannot be read")
