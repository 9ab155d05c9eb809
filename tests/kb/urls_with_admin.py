"""All URLs, with Django's admin switched on."""

from config.urls import admin_urls
from config.urls import urlpatterns as product_urls

urlpatterns = product_urls + admin_urls(True)
