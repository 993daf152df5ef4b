UPDATE notes SET object_id = '20' WHERE id = 1;
INSERT INTO orders VALUES (3, 'three');
INSERT INTO notes VALUES (5, 7, '3', 'third');
UPDATE orders SET id = 21 WHERE id = 20;
