-- Tables with everything that a catalogue query can get wrong.
CREATE SCHEMA sales;
CREATE SCHEMA "My.Schema";
CREATE DOMAIN cents AS numeric(10, 2);
CREATE DOMAIN price AS cents NOT NULL;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN good_mood AS mood CHECK (value <> 'sad');
CREATE DOMAIN numbers AS int[];
CREATE DOMAIN small AS smallint;
CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TYPE pair AS (a int, b text);

CREATE TABLE sales.orders (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    "Total" price,
    mood mood,
    good_mood good_mood,
    moods mood[],
    numbers numbers,
    smalls small[],
    vector int2vector,
    place point,
    free numeric,
    whole numeric(5),
    rounded numeric(3, -2),
    words varchar(5)[],
    code char(3),
    name text COLLATE loose UNIQUE,
    one pair,
    pairs pair[],
    virt int GENERATED ALWAYS AS (1) VIRTUAL,
    kept int GENERATED ALWAYS AS (2) STORED
);
CREATE TABLE "My.Schema"."Weird.Table" ("Id" int PRIMARY KEY, "order id" int REFERENCES sales.orders, "_x" int);

CREATE TABLE parts (id int, day date, ord int REFERENCES sales.orders, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE parts_2020 PARTITION OF parts FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE uses (id int PRIMARY KEY, part int, day date, FOREIGN KEY (part, day) REFERENCES parts);

CREATE TABLE two_keys (a int NOT NULL, b int NOT NULL, c int, PRIMARY KEY (a) INCLUDE (c));
CREATE UNIQUE INDEX two_keys_b ON two_keys (b) INCLUDE (a);
CREATE UNIQUE INDEX two_keys_some ON two_keys (c) WHERE c > 0;
CREATE UNIQUE INDEX two_keys_sum ON two_keys ((a + b));
ALTER TABLE two_keys REPLICA IDENTITY USING INDEX two_keys_b;

CREATE TABLE late (id int PRIMARY KEY DEFERRABLE, code int UNIQUE DEFERRABLE);
ALTER TABLE late REPLICA IDENTITY FULL;

CREATE TABLE doubtful (id int PRIMARY KEY, promised int, sure int NOT NULL);
ALTER TABLE doubtful ADD CONSTRAINT promised_not_null NOT NULL promised NOT VALID;

CREATE TABLE secret (x int);
ALTER TABLE secret ENABLE ROW LEVEL SECURITY;
CREATE UNLOGGED TABLE forgetful (id int PRIMARY KEY);
CREATE TABLE shrunk (id int PRIMARY KEY, dropped int, kept int);
ALTER TABLE shrunk DROP COLUMN dropped;
