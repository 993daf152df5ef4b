DO $$
BEGIN
  FOR i IN 1..200 LOOP
    BEGIN
      INSERT INTO orders VALUES (i, 0);
      UPDATE orders SET n = i WHERE id = i;
    EXCEPTION WHEN check_violation THEN NULL;
    END;
  END LOOP;
  DELETE FROM orders WHERE id > 6;
END $$;
