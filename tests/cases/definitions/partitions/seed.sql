INSERT INTO orders VALUES (1, 'eu', 'one'), (2, 'us', 'two');
INSERT INTO orders_asia VALUES (3, 'asia', 'three');
INSERT INTO regions VALUES ('eu'), ('us'), ('asia');
