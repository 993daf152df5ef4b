"""A database that was not designed for Rowtide, loaded unchanged: docs/how-to/index-an-existing-database.md, as a test."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.e2e.conftest import LivePipeline
from tests.support.paths import CHECKOUT
from tests.support.servers.pipeline import ROWTIDE, execute
from tests.support.servers.services import Place

SAMPLE = Path(os.environ.get("ROWTIDE_SAMPLES", CHECKOUT.parent / "shared" / "samples")) / "northwind" / "northwind.sql"

pytestmark = pytest.mark.skipif(
    not SAMPLE.exists() and "CI" not in os.environ,
    reason=f"the Northwind sample is not at {SAMPLE}; set ROWTIDE_SAMPLES",
)

CHANGES = (
    "UPDATE orders SET freight = freight * 1.1, ship_city = 'Lyon' WHERE order_id % 7 = 0",
    "UPDATE products SET unit_price = unit_price + 0.35, product_name = product_name || ' II' WHERE product_id < 20",
    "UPDATE employees SET reports_to = 5 WHERE employee_id = 3; UPDATE employees SET reports_to = NULL WHERE employee_id = 6",
    "UPDATE order_details SET order_id = 10249 WHERE order_id = 10248 AND product_id = 11",
    "DELETE FROM order_details WHERE order_id BETWEEN 10300 AND 10310; DELETE FROM orders WHERE order_id BETWEEN 10300 AND 10310",
    "DELETE FROM employee_territories WHERE employee_id = 2",
    "INSERT INTO employee_territories VALUES (3, '01581'), (3, '01730')",
    "UPDATE categories SET category_name = 'Drinks' WHERE category_id = 1",
    "UPDATE suppliers SET country = NULL WHERE supplier_id = 1; UPDATE shippers SET company_name = 'Fast & Co' WHERE shipper_id = 2",
    "INSERT INTO orders (order_id, customer_id, employee_id, freight) VALUES (20001, 'ALFKI', 3, 'NaN'), (20002, NULL, NULL, 1e-7)",
    "INSERT INTO order_details VALUES (20001, 1, 18.4, 3, 0.05), (20001, 2, 19.000001, 1, 0)",
)
"""A transaction each, in plain SQL."""


SHIPPED = CHECKOUT / "rowtide" / "examples" / "northwind.yaml"
ROOTS = ("orders", "employees", "products")


def generated(place: Place, folder: Path) -> Path:
    """The first spec that `rowtide documents init` writes for the database."""
    path = folder / "first.yaml"
    roots = [word for root in ROOTS for word in ("--root", root)]
    done = subprocess.run(
        [*ROWTIDE, "documents", "init", *roots, "--to", str(path)],
        env={**os.environ, **place.environment},
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return path


@pytest.mark.parametrize("spec", ["shipped", "generated"])
def test_every_document_equals_the_database(
    place: Place, live_pipeline: LivePipeline, tmp_path: Path, spec: str
) -> None:
    execute(place, SAMPLE.read_text(encoding="utf-8"))
    path = SHIPPED if spec == "shipped" else generated(place, tmp_path)
    pipeline = live_pipeline(path.read_text(encoding="utf-8"), place=place)
    if spec == "generated":
        assert "The spec is valid." in pipeline.rowtide("documents", "check").stdout
    assert pipeline.verify() == {"orders": 830, "employees": 9, "products": 77}
    for change in CHANGES:
        execute(place, change)
    pipeline.wait_fresh()
    assert pipeline.verify()["orders"] == 821
    fresh = pipeline.freshness()
    assert fresh is not None
    assert fresh.quarantined == 0
