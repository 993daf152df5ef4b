UPDATE docs SET n = n + 1;
