"""The file that lets a dashboard ask people to sign in."""

SECRETS = """
[auth]
redirect_uri = "http://127.0.0.1:{port}/oauth2callback"
cookie_secret = "a secret for one test only, made of many letters"
client_id = "imclust"
client_secret = "none"
server_metadata_url = "{provider}/.well-known/openid-configuration"
"""
