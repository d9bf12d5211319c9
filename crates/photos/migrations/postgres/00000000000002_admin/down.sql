DROP TABLE checks;
DROP INDEX audit_of_actor;
DROP INDEX users_by_active;
DROP INDEX users_by_staff;
DROP INDEX photos_by_change;
DROP INDEX photos_by_size;
DROP INDEX photos_by_name;
