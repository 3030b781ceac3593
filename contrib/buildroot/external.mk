include $(sort $(wildcard $(BR2_EXTERNAL_CORRIDORD_PATH)/corridord/*.mk))
