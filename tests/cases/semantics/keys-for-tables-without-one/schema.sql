CREATE TABLE orders (id int PRIMARY KEY);
CREATE TABLE notes (order_id int REFERENCES orders, note text);
INSERT INTO orders VALUES (1), (2);
INSERT INTO notes VALUES (1, 'twice'), (1, 'twice'), (1, NULL), (2, 'once');
ALTER TABLE notes ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY;
