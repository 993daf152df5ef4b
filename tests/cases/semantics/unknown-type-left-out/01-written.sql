UPDATE items SET embedding = '(3,2,1)', title = 'first, changed', words = 'a dog';
INSERT INTO items VALUES (2, NULL, NULL, NULL, 'second');
