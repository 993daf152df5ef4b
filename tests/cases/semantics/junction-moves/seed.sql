INSERT INTO orders VALUES (1), (2);
INSERT INTO tags VALUES (1, 'gift'), (2, 'late'), (3, 'test');
INSERT INTO order_tags VALUES (1, 1), (1, 2), (2, 3);
