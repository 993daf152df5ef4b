CREATE TABLE lines (
  id int PRIMARY KEY, quantity int, price numeric(10, 2), total numeric(12, 2) GENERATED ALWAYS AS (quantity * price) STORED,
  name text, search text GENERATED ALWAYS AS (lower(name)) STORED);
