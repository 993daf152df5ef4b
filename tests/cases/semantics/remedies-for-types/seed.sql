SET extra_float_digits = 1;
INSERT INTO odd VALUES
  (1, DEFAULT, 'a', DEFAULT, B'001', DEFAULT, '(1.5,2),(0,0)', DEFAULT, '<(1,2),3>', DEFAULT, '{{1,2},{3,NULL}}', DEFAULT,
   '{{a,b},{c,NULL}}', DEFAULT, '{1.50,NaN,NULL}', DEFAULT, '{0.1,1e22,NULL}', DEFAULT, '1.50 .. 2', DEFAULT, '(1,"x y")', DEFAULT);
INSERT INTO odd (id) VALUES (2);
INSERT INTO odd (id, some_floats, prices) SELECT 3, array_agg(sqrt(g)), array_agg(sqrt(g::numeric)) FROM generate_series(1, 900) g;
