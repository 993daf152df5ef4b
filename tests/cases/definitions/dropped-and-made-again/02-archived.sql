BEGIN;
ALTER TABLE lines RENAME TO lines_before;
CREATE TABLE lines (id int PRIMARY KEY, order_id int REFERENCES orders, label text);
INSERT INTO lines SELECT * FROM lines_before;
COMMIT;
INSERT INTO lines VALUES (8, 2, 'after');
