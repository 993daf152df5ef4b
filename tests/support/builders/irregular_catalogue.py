"""A catalogue of tables that are irregular in every way: schemas, keys, types, names."""

from tests.support.builders.catalogs import database, table

IRREGULAR = database(
    table("sales.orders", "id int8 notnull; customer int8; Total numeric(10,2)", refers="customer -> people.id"),
    table(
        "people",
        "id int8 notnull; boss int8; mail text notnull; nick text; born date",
        unique="mail; nick",
        refers="boss -> people.id",
    ),
    table("friends", "a int8 notnull; b int8 notnull; since date", key="a,b", refers="a -> people.id; b -> people.id"),
    table("profiles", "person int8 notnull; bio text", key="person", refers="person -> people.id"),
    table(
        "letters",
        "id uuid notnull; sender text; receiver text; weight float8; cost money",
        refers="sender -> people.mail; receiver -> people.mail",
    ),
    table("parts", "id int8 notnull; day date notnull; size int4", key="id,day"),
    table("uses", "id int8 notnull; part int4; day date; ratio float8", refers="part,day -> parts.id,day"),
    table("loose", "x int8", key=""),
    table(
        "moody",
        "id int8 notnull; m mood enum; ms mood[] enum; p box; ps point[]; v int4 virtual; c citext; b bytea; n numeric; t text loose",
    ),
    table("floating", "id float8 notnull; n numeric"),
    table("My.Table", "Id int8 notnull", key="Id"),
)
