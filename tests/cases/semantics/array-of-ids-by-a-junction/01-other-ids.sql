UPDATE orders SET tag_ids = '{2}' WHERE id IN (1, 2);
DELETE FROM orders WHERE id = 3;
INSERT INTO tags VALUES (9, 'green');
INSERT INTO orders VALUES (4, '{9,1}');
