INSERT INTO cities VALUES (1, 'Oslo', '["Rouen", "Lyon"]'), (2, 'Rome', '"Paris"'), (3, NULL, NULL);
INSERT INTO addresses VALUES (1, 1), (2, 2), (3, NULL), (4, 3);
INSERT INTO customers VALUES (1, 1, true), (2, 2, true), (3, 3, true), (4, NULL, true), (5, 4, true), (6, 1, false);
INSERT INTO members VALUES (1), (3);
INSERT INTO orders VALUES (1, 1), (2, 2), (3, 3), (4, 4), (5, NULL), (6, 5), (7, 6);
INSERT INTO tags VALUES (1, 'red'), (2, 'blue'), (3, 'green');
INSERT INTO order_tags VALUES (1, 1, 2), (1, 2, 1), (2, 3, NULL), (2, 1, 7), (5, 3, 1);
