CREATE TYPE words AS RANGE (subtype = text, collation = "C");
CREATE TYPE page AS (n int, words text, at timestamptz);
CREATE TABLE docs (id int PRIMARY KEY, n int, m nummultirange, z tstzmultirange, r words, p jsonpath, c char(40)[], g page);
CREATE TABLE bits (id int PRIMARY KEY, n int, b bit(40000));
ALTER TABLE bits REPLICA IDENTITY FULL;
