CREATE TYPE words AS RANGE (subtype = text, collation = "C");
CREATE TABLE docs (id int PRIMARY KEY, n int, m nummultirange, z tstzmultirange, r words, p jsonpath, c char(40)[]);
CREATE TABLE bits (id int PRIMARY KEY, n int, b bit(40000));
ALTER TABLE bits REPLICA IDENTITY FULL;
