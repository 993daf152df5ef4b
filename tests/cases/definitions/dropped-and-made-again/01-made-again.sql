DROP TABLE lines;
CREATE TABLE lines (id int PRIMARY KEY, order_id int REFERENCES orders, label text);
INSERT INTO lines VALUES (7, 1, 'new');
