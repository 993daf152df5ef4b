INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, '(1.5,-2e+20)'),
  (2, '(1e15,100000000000000)'),
  (3, '(0.00001,NaN)'),
  (4, '(-0,Infinity)'),
  (5, NULL);
