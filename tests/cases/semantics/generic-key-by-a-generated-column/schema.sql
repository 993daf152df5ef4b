CREATE TABLE orders (id bigint PRIMARY KEY, title text);
CREATE TABLE notes (id bigint PRIMARY KEY, content_type int NOT NULL, object_id varchar(255) NOT NULL, body text);
ALTER TABLE orders ADD COLUMN id_text text GENERATED ALWAYS AS ("id"::text) STORED;
