UPDATE people SET boss_id = 3 WHERE id = 1;
