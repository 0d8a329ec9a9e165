package rest_test

import (
	"testing"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/client"
)

func TestBackups(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const all, one = " /api/v1/databases/{database}/backups", " /api/v1/databases/{database}/backups/{backup}"
	w.run(t, []row{
		{"list", asReader, "GET" + all, "", 200, `…"frequency":"0 3 * * *"`},
		{"one", asReader, "GET" + one, "", 200, `…"database_backup_retention_max_storage_locally":1.5`},
		{"in the list of databases", asReader, "GET /api/v1/databases", "", 200, `…"backup_configs":[{"id":`},
		{"of another database", asReader, "GET /api/v1/databases/{cache}/backups/{backup}", "", 404, `{"message":"Backup config not found."}`},
		{"of another database, list", asReader, "GET /api/v1/databases/{cache}/backups", "", 200, `[]`},
		{"run is no schedule", asReader, "GET" + all + "/run", "", 404, `{"message":"Backup config not found."}`},
		{"make", asWriter, "POST" + all, `{"frequency":"daily","enabled":false,"save_s3":true,"s3_storage_uuid":"{bucket}","disable_local_backup":true,"timeout":60}`, 201, `…"message":"Backup configuration created successfully."`},
		{"make, and one at once", asWriter, "POST" + all, `{"frequency":"0 * * * *","backup_now":true}`, 201, `…"execution_uuid":"`},
		{"no frequency", asWriter, "POST" + all, `{"enabled":true}`, 422, `{"message":"Validation failed.","errors":{"frequency":["This field is required."]}}`},
		{"bad frequency", asWriter, "POST" + all, `{"frequency":"now and then"}`, 422, `…"frequency":[`},
		{"bad numbers", asWriter, "POST" + all, `{"frequency":"daily","timeout":59,"database_backup_retention_amount_s3":1.5,"database_backup_retention_max_storage_s3":"1"}`, 422,
			`{"message":"Validation failed.","errors":{"database_backup_retention_amount_s3":["The database backup retention amount s3 field must be an integer."],"database_backup_retention_max_storage_s3":["The database backup retention max storage s3 field must be a number."],"timeout":["The timeout field must be at least 60."]}}`},
		{"unknown", asWriter, "POST" + all, `{"frequency":"daily","number_of_backups_locally":3}`, 422, `…"number_of_backups_locally":["This field is not allowed."]`},
		{"no bucket", asWriter, "POST" + all, `{"frequency":"daily","save_s3":true}`, 422, `…"s3_storage_uuid":[`},
		{"no such bucket", asWriter, "POST" + all, `{"frequency":"daily","save_s3":true,"s3_storage_uuid":"{unknown}"}`, 404, `{"message":"S3 storage not found."}`},
		{"change", asWriter, "PATCH" + one, `{"enabled":false,"database_backup_retention_max_storage_locally":0}`, 200, `{"uuid":"{backup}","message":"Backup configuration updated."}`},
		{"changed", asReader, "GET" + one, "", 200, `…"enabled":false`},
		{"dump now", asWriter, "PATCH" + one, `{"backup_now":true}`, 200, `…"deployment_uuid":"`},
		{"delete", asWriter, "DELETE" + one, "", 200, `{"message":"Backup configuration deleted."}`},
		{"gone", asReader, "GET" + one, "", 404, `{"message":"Backup config not found."}`},
		{"its dumps stay", asReader, "GET /api/v1/databases/{database}/executions/{execution}", "", 200, `…"backup_uuid":null`},
	})
}

func TestDeleteBackupWithDumps(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(t, []row{
		{"delete", asWriter, "DELETE /api/v1/databases/{database}/backups/{backup}?delete_s3=true", "", 200, `{"message":"Backup configuration and all executions deleted."}`},
		{"of the schedule", asReader, "GET /api/v1/databases/{database}/executions/{execution}", "", 404, `{"message":"Backup execution not found."}`},
		{"on demand", asReader, "GET /api/v1/databases/{database}/executions/{demanded}", "", 200, `…"status":"success"`},
	})
}

func TestExecutions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const all, scheduled = " /api/v1/databases/{database}/executions", " /api/v1/databases/{database}/backups/{backup}/executions"
	missing := `{"message":"Backup execution not found."}`
	w.run(t, []row{
		{"of a schedule", asReader, "GET" + scheduled, "", 200, `…{"executions":[{"uuid":"{execution}"`},
		{"one of a schedule", asReader, "GET" + scheduled + "/{execution}", "", 200, `…"backup_uuid":"{backup}"`},
		{"all", asReader, "GET" + all, "", 200, `…{"executions":[{"uuid":"{demanded}","backup_uuid":null`},
		{"not of the schedule", asReader, "GET" + scheduled + "/{demanded}", "", 404, missing},
		{"not of the database", asReader, "GET /api/v1/databases/{cache}/executions/{demanded}", "", 404, missing},
		{"restore not of the schedule", asWriter, "POST" + scheduled + "/{demanded}/restore", "", 404, missing},
		{"delete not of the schedule", asWriter, "DELETE" + scheduled + "/{demanded}", "", 404, missing},
		{"of no schedule", asReader, "GET /api/v1/databases/{database}/backups/{unknown}/executions", "", 404, `{"message":"Backup config not found."}`},
		{"run", asDeployer, "POST /api/v1/databases/{database}/backups/run", `{"note":"before the move","s3_storage_uuid":"{bucket}"}`, 200, `…{"message":"Backup queued.","execution_uuid":"`},
		{"run, no such bucket", asDeployer, "POST /api/v1/databases/{database}/backups/run", `{"s3_storage_uuid":"{unknown}"}`, 404, `{"message":"S3 storage not found."}`},
		{"run by a writer", asWriter, "POST /api/v1/databases/{database}/backups/run", "", 403, `{"message":"Missing required permissions: deploy"}`},
		{"restore", asWriter, "POST" + scheduled + "/{execution}/restore", `{"name":"books again","note":"why"}`, 201, `…{"message":"Restore into a new database queued.","uuid":"`},
		{"restore on demand", asWriter, "POST" + all + "/{demanded}/restore", "", 201, `…"deployment_uuid":"`},
		{"delete", asWriter, "DELETE" + scheduled + "/{execution}?delete_s3=true", "", 200, `{"message":"Backup execution deleted."}`},
		{"delete again", asWriter, "DELETE" + all + "/{execution}", "", 404, missing},
		{"delete_s3", asWriter, "DELETE" + all + "/{demanded}?delete_s3=perhaps", "", 422, `…delete_s3`},
	})
}

// TestRestored holds that what a dump is read back into is told by its deployment.
func TestRestored(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.client(asRoot)
	made, err := c.RestoreExecution(t.Context(), string(w.database), "", string(w.demanded), api.RestoreRequest{Name: "again"})
	must(t, err)
	got, err := c.GetDatabase(t.Context(), made.UUID)
	if err != nil || got.Name != "again" || got.IsPublic || *got.Fields["postgres_password"] != dbPassword {
		t.Errorf("database %+v, %v", got, err)
	}
	d, err := c.GetDatabaseDeployment(t.Context(), made.DeploymentUUID)
	if err != nil || d.Verb != "restore" || d.RestoredUUID == nil || *d.RestoredUUID != string(w.demanded) || d.ResourceUUID != made.UUID {
		t.Errorf("deployment %+v, %v", d, err)
	}
	started, err := c.RunBackup(t.Context(), string(w.database), api.BackupRunRequest{})
	must(t, err)
	d, err = c.GetDeployment(t.Context(), started.DeploymentUUID)
	if err != nil || d.Verb != "backup" || d.BackupUUID == nil || *d.BackupUUID != started.ExecutionUUID {
		t.Errorf("deployment %+v, %v", d, err)
	}
	e, err := c.GetExecution(t.Context(), string(w.database), "", started.ExecutionUUID)
	if err != nil || e.Status != "running" || e.DeploymentUUID == nil || *e.DeploymentUUID != started.DeploymentUUID {
		t.Errorf("execution %+v, %v", e, err)
	}
}

func TestStorages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const path = " /api/v1/databases/{database}/storages"
	w.run(t, []row{
		{"list", asSensitive, "GET" + path, "", 200, `…"content":"content-of-a-file"`},
		{"volume", asWriter, "POST" + path, `{"type":"persistent","name":"data","mount_path":"/x/data","host_path":"","is_preview_suffix_enabled":false}`, 201, `…"mount_path":"/x/data"`},
		{"file", asRoot, "POST" + path, `{"type":"file","mount_path":"/x/y.conf","content":"  kept \n","chmod":"0600"}`, 201, `…"chmod":"0600","content":"  kept \n"`},
		{"taken", asWriter, "POST" + path, `{"type":"persistent","name":"data","mount_path":"/x/data"}`, 422, `…"mount_path":[`},
		{"over the data", asWriter, "POST" + path, `{"type":"persistent","name":"data","mount_path":"/var/lib/postgresql/data"}`, 422, `…"mount_path":[`},
		{"no sort", asWriter, "POST" + path, `{"mount_path":"/x"}`, 422, `{"message":"Validation failed.","errors":{"type":["This field is required."]}}`},
		{"other sort", asWriter, "POST" + path, `{"type":"tmpfs","mount_path":"/x"}`, 422, `…choose from persistent, file.`},
		{"traversal", asWriter, "POST" + path, `{"type":"file","mount_path":"/x/../../etc/passwd","content":"x"}`, 422, `…"mount_path":[`},
		{"change", asRoot, "PATCH" + path, `{"type":"file","uuid":"{file}","content":""}`, 200, `…"content":""`},
		{"change by number", asRoot, "PATCH" + path, `{"type":"persistent","id":2,"mount_path":"/elsewhere"}`, 200, `…"uuid":"{volume}"`},
		{"no such number", asRoot, "PATCH" + path, `{"type":"file","id":2}`, 404, `{"message":"Storage not found."}`},
		{"neither", asWriter, "PATCH" + path, `{"type":"persistent","mount_path":"/x"}`, 422, `…"uuid":["This field is required when id is absent."]`},
		{"of another database", asWriter, "PATCH /api/v1/databases/{cache}/storages", `{"type":"persistent","uuid":"{volume}","mount_path":"/x"}`, 404, `{"message":"Storage not found."}`},
		{"delete", asWriter, "DELETE" + path + "/{volume}", "", 200, `{"message":"Storage deleted."}`},
		{"delete again", asWriter, "DELETE" + path + "/{volume}", "", 404, `{"message":"Storage not found."}`},
	})
	list, err := w.client(asRoot).ListStorages(t.Context(), client.Databases, string(w.database))
	must(t, err)
	brought := list.PersistentStorages[0]
	if !brought.IsReadOnly || brought.MountPath != "/var/lib/postgresql/data" || *brought.Name != "postgres-data-"+string(w.database) {
		t.Errorf("the data volume: %+v", brought)
	}
	w.run(t, []row{
		{"delete the data", asWriter, "DELETE" + path + "/" + brought.UUID, "", 422, `…"uuid":["This volume holds the data of the database`},
	})
}

func TestDatabaseEnvs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const path = " /api/v1/databases/{database}/envs"
	w.run(t, []row{
		{"list", asSensitive, "GET" + path, "", 200, `…"key":"TZ","real_value":"value-of-a-variable","resourceable_id":1,"resourceable_type":"Database"`},
		{"exists", asWriter, "POST" + path, `{"key":"TZ","value":"x"}`, 409, `{"message":"Environment variable already exists. Use PATCH request to update it."}`},
		{"add", asWriter, "POST" + path, `{"key":"A","value":"x","comment":"why"}`, 201, `…{"uuid":"`},
		{"change", asRoot, "PATCH" + path, `{"key":"A","value":"y"}`, 201, `…"value":"y"`},
		{"bulk", asRoot, "PATCH" + path + "/bulk", `{"data":[{"key":"A","value":"z"},{"key":"B","value":"w"}]}`, 201, `…[{"id":`},
		{"of another", asWriter, "DELETE /api/v1/databases/{cache}/envs/{dbenv}", "", 404, `{"message":"Environment variable not found."}`},
		{"of a service", asWriter, "DELETE /api/v1/services/{service}/envs/{dbenv}", "", 404, `{"message":"Environment variable not found."}`},
		{"a database is no service", asReader, "GET /api/v1/services/{database}/envs", "", 404, `{"message":"Service not found."}`},
		{"delete", asWriter, "DELETE" + path + "/{dbenv}", "", 200, `{"message":"Environment variable deleted."}`},
	})
}

func TestS3Storages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const all, one = " /api/v1/s3-storages", " /api/v1/s3-storages/{bucket}"
	good := `"name":"b","endpoint":"https://s3.example.com","bucket":"abc","key":"k","secret":"s"`
	w.run(t, []row{
		{"make", asWriter, "POST" + all, `{` + good + `,"is_usable":true}`, 201, `…{"uuid":"`},
		{"without", asWriter, "POST" + all, `{"name":"b"}`, 422, `{"message":"Validation failed.","errors":{"bucket":["This field is required."],"endpoint":["This field is required."],"key":["This field is required."],"secret":["This field is required."]}}`},
		{"this machine", asWriter, "POST" + all, `{"name":"b","endpoint":"http://127.0.0.1:9000","bucket":"abc","key":"k","secret":"s"}`, 422, `…"endpoint":[`},
		{"unknown", asWriter, "POST" + all, `{` + good + `,"team_id":2}`, 422, `…"team_id":["This field is not allowed."]`},
		{"read", asSensitive, "GET" + one, "", 200, `…"key":"AKIA-access","path":null,"region":"us-east-1","secret":"bucket-secret"`},
		{"usable as of nobody", asReader, "GET" + one, "", 200, `…"is_usable":false`},
		{"validate", asWriter, "POST" + one + "/validate", "", 200, `{"valid":true,"message":"The bucket can be used."}`},
		{"usable", asReader, "GET" + one, "", 200, `…"is_usable":true`},
		{"validate a bad one", asWriter, "POST /api/v1/s3-storages/{storing}/validate", "", 200, `{"valid":false,"message":"The bucket broken does not exist."}`},
		{"get a validation", asReader, "GET" + one + "/validate", "", 405, `{"message":"This endpoint has changed to a POST request."}`},
		{"change", asWriter, "PATCH" + one, `{"path":"a/b/","description":"far away"}`, 200, `{"uuid":"{bucket}"}`},
		{"changed", asReader, "GET" + one, "", 200, `…"path":"a/b"`},
		{"traversal", asWriter, "PATCH" + one, `{"path":"../x"}`, 422, `…"path":[`},
		{"in use", asWriter, "DELETE /api/v1/s3-storages/{storing}", "", 400, `…{"message":"`},
		{"delete", asWriter, "DELETE" + one, "", 200, `{"message":"S3 storage deleted."}`},
		{"gone", asReader, "GET" + one, "", 404, `{"message":"S3 storage not found."}`},
	})
}
