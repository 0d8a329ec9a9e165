module github.com/taffrail/taffrail/lab

go 1.26
