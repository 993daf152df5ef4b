CREATE TABLE orders (id int PRIMARY KEY, code text NOT NULL, title text, UNIQUE (code) DEFERRABLE);
CREATE UNIQUE INDEX ON orders (code, id);
CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL UNIQUE, tenant int NOT NULL, nick text NOT NULL, UNIQUE (tenant, nick));
