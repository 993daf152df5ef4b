INSERT INTO tags VALUES (1, 'red'), (2, 'blue');
INSERT INTO orders VALUES (1, '{1,2}'), (2, '{}'), (3, '{2,2,9}');
