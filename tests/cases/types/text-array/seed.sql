INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, '{a,"b,c",NULL,"NULL","","{}"}'),
  (2, NULL);
