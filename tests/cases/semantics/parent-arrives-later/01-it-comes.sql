INSERT INTO products VALUES ('pen', 'Pen');
INSERT INTO lines VALUES (3, 'cup');
