INSERT INTO orders VALUES (1, 'one'), (20, 'twenty');
INSERT INTO notes VALUES (1, 7, '1', 'first'), (2, 7, '20', 'second'), (3, 8, '1', 'of something else'), (4, 7, 'x', 'of nothing');
